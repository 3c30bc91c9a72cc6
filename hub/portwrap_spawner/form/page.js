// Options of a profile that is not chosen must not keep the browser from sending the form: they are disabled.
// Without scripts they are sent, and ignored.
(() => {
  const form = document.currentScript.closest('form') || document;
  const apply = () => form.querySelectorAll('.pw-profile').forEach((card) => {
    const radio = card.querySelector('input[type=radio]'), fields = card.querySelector('fieldset');
    if (radio && fields) fields.disabled = !radio.checked;
    card.querySelectorAll('.pw-other').forEach((other) => {
      const text = other.querySelector('input'), isChosen = other.parentElement.querySelector('input[type=radio]').checked;
      text.disabled = !isChosen;
      text.required = isChosen;
      text.pattern = text.dataset.pattern;
    });
  });
  form.querySelectorAll('.pw-note time').forEach((time) => {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.textContent = moment.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  });
  form.addEventListener('change', apply);
  apply();
})();
