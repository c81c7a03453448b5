/** Where a number comes from: by mouse, by focus, by tap; Escape or a tap elsewhere closes. */
import type { ShownFigure } from '../figures.ts';
import { element, find } from './dom.ts';

const HOVER_MS = 250;
const GAP = 6;
const LEAST = 120;

export function explainNumbers(figures: readonly ShownFigure[]): void {
  const pop = find('why');
  if (pop === null) return;
  let owner: HTMLElement | null = null;
  let isPinned = false;
  let timer = 0;

  const close = () => {
    window.clearTimeout(timer);
    if (owner === null) return;
    owner.removeAttribute('aria-describedby');
    owner = null;
    isPinned = false;
    pop.hidePopover();
  };
  const open = (at: HTMLElement, pin: boolean) => {
    window.clearTimeout(timer);
    const figure = figures[Number(at.dataset.f)];
    if (figure === undefined) return;
    if (owner !== at) close();
    owner = at;
    isPinned = isPinned || pin;
    pop.replaceChildren(...describe(figure));
    at.setAttribute('aria-describedby', 'why');
    pop.showPopover();
    putBeside(pop, at);
  };
  const askedBy = (event: Event): HTMLElement | null =>
    event.target instanceof Element ? event.target.closest<HTMLElement>('[data-f]') : null;

  document.addEventListener('click', event => {
    const at = askedBy(event);
    if (at !== null) {
      if (owner === at && isPinned) close();
      else open(at, true);
    } else if (!pop.contains(event.target as Node)) close();
  });
  document.addEventListener('pointerover', event => {
    const at = askedBy(event);
    window.clearTimeout(timer);
    if (event.pointerType !== 'mouse' || isPinned) return;
    if (at !== null) timer = window.setTimeout(() => open(at, false), HOVER_MS);
    else if (owner !== null && !pop.contains(event.target as Node))
      timer = window.setTimeout(close, HOVER_MS);
  });
  document.addEventListener('focusin', event => {
    const at = askedBy(event);
    if (at?.matches(':focus-visible')) open(at, false);
    else if (at === null && !isPinned) close();
  });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && owner !== null) {
      event.stopPropagation();
      close();
    }
  });
}

function describe({ says, formula, unit, status, source, constants }: ShownFigure): readonly Node[] {
  const line = (...parts: readonly (Node | string)[]) => element('p', {}, ...parts);
  return [
    line(says),
    ...(formula === '' ? [] : [line(element('code', {}, formula))]),
    line(element('span', { class: `tag ${status}` }, status), unit === '' ? '' : `unit: ${unit}`),
    ...(constants.length === 0
      ? []
      : [
          element(
            'ul',
            {},
            ...constants.map(({ values, source: from }) =>
              element('li', {}, values, from !== '' && element('span', { class: 'note' }, from)),
            ),
          ),
        ]),
    ...(source === '' ? [] : [line('Source: ', source)]),
  ];
}

/** Below the number, or above where there is more room; always inside the window. */
function putBeside(pop: HTMLElement, at: HTMLElement): void {
  const place = at.getBoundingClientRect();
  const [above, below] = [place.top - 2 * GAP, window.innerHeight - place.bottom - 2 * GAP];
  pop.style.maxHeight = '';
  const wanted = pop.scrollHeight;
  const isAbove = wanted > below && above > below;
  pop.style.maxHeight = `${Math.max(LEAST, isAbove ? above : below)}px`;
  const { width, height } = pop.getBoundingClientRect();
  const top = isAbove ? place.top - GAP - height : place.bottom + GAP;
  const most = document.documentElement.clientWidth - width - GAP;
  pop.style.left = `${window.scrollX + Math.max(GAP, Math.min(place.left, most))}px`;
  pop.style.top = `${window.scrollY + top}px`;
}
