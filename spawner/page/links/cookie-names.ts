// Which cookies belong to the hub, to Jupyter and to this page, and are kept from programs behind links.
// Not here: the cookies of this page (auth/cookies.ts), rewriting those of a program (to-browser.ts).

/** A name that browsers and servers agree on (RFC 6265, 4.1.1). Others could appear as another cookie's name. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * jupyterhub-*: the hub's, and those of single-user servers; username-*: of Jupyter servers without a hub; _xsrf: of
 * all of these. The prefixes are those of RFC 6265bis.
 */
const reserved =
  /^(?:__(?:host|secure|http|host-http)-)?(?:_xsrf$|username-|portwrap-|oauthenticator-)|jupyterhub/i;

/**
 * With a host of its own, a program shares only what is set for all hosts of the hub (jupyterhub-session-id, and
 * what an authenticator may set), and this page's cookie of that host.
 */
const reservedAtOwnHost = /^(?:__(?:host|secure|http|host-http)-)?(?:portwrap-|oauthenticator-)|jupyterhub/i;

/** `atOwnHost`: whether the program has a host of its own. */
export function isProgramsCookie(name: string, atOwnHost: boolean): boolean {
  return token.test(name) && !(atOwnHost ? reservedAtOwnHost : reserved).test(name);
}
