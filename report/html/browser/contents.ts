/** The section in view is marked in the contents; what is folded opens for the printer. */
import { all } from './dom.ts';

export function watchSections(): void {
  const links = new Map(all<HTMLAnchorElement>('.toc a').map(link => [link.hash.slice(1), link] as const));
  const mark = () => {
    const sections = all('main > section');
    const isEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 2;
    const current = isEnd
      ? sections.at(-1)
      : (sections.findLast(section => section.getBoundingClientRect().top < window.innerHeight * 0.3) ??
        sections[0]);
    for (const [id, link] of links) {
      if (id !== current?.id) link.removeAttribute('aria-current');
      else if (!link.hasAttribute('aria-current')) {
        link.setAttribute('aria-current', 'true');
        const row = link.closest('ol')!;
        row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
      }
    }
  };
  let isWaiting = false;
  window.addEventListener(
    'scroll',
    () => {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        mark();
      });
    },
    { passive: true },
  );
  mark();
}

export function openForPrint(): void {
  let opened: readonly HTMLDetailsElement[] = [];
  window.addEventListener('beforeprint', () => {
    opened = all<HTMLDetailsElement>('details:not([open])');
    for (const each of opened) each.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const each of opened) each.open = false;
  });
}
