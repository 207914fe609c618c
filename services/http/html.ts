/** Text that is HTML already, and is not escaped again. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** A template of HTML. Values, in text or in a quoted attribute, are escaped unless they are {@link Html}. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  return new Html(
    parts.reduce((text, part, i) => {
      const value = values[i - 1] ?? '';
      return text + [value].flat().map(print).join('') + part;
    }),
  );
}

function print(value: string | Html): string {
  return value instanceof Html ? value.text : value.replaceAll(/[&<>"']/g, (each) => ESCAPES[each] ?? '');
}
