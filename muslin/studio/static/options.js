// @ts-check
/** Choices of a select. @param {any} select @param {any[][]} pairs value and text */
export function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
}
