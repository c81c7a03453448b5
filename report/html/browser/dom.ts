/** Elements in a line. */

type Child = Node | string | false | null | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter(child => child !== false && child !== null && child !== undefined));
  return made;
}

export const find = <E extends HTMLElement>(id: string): E | null => document.getElementById(id) as E | null;

export const all = <E extends HTMLElement>(selector: string, within: ParentNode = document): readonly E[] => [
  ...within.querySelectorAll<E>(selector),
];

/** A canvas of so many CSS pixels, sharp on any screen. */
export function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Colour of text and lines around an element, in the scheme that is on. */
export const inkOf = (at: Element): string => getComputedStyle(at).color;

/** Paper is light. */
export const isDark = (): boolean => {
  if (matchMedia('print').matches) return false;
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
};
