/** Light, dark, or as the system has it; the choice lives as long as the page. */
import { find } from './dom.ts';

/** Canvases are drawn anew when colours or widths change. */
export function watchLook(redraw: () => void): void {
  for (const query of ['(prefers-color-scheme: dark)', 'print'])
    matchMedia(query).addEventListener('change', redraw);
  find<HTMLSelectElement>('theme')?.addEventListener('change', event => {
    const { value } = event.target as HTMLSelectElement;
    if (value === '') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    redraw();
  });
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    redraw();
  });
}
