// A URL without its query. Queries may carry tokens: they are not logged.

export function withoutQuery(url: string | undefined): string {
  return url?.replace(/[?#].*$/s, '') ?? '';
}
