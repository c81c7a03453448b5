/** Colours of cells and links: a ramp for amounts, hues in the order of the network for layers. */
import { isDark } from './dom.ts';

type Rgb = readonly [number, number, number];

/** From nothing to most; light on dark and dark on light, so that the most stands out. */
const RAMPS: readonly (readonly Rgb[])[] = [
  [
    [233, 239, 232],
    [158, 205, 186],
    [78, 158, 168],
    [43, 106, 158],
    [38, 42, 108],
  ],
  [
    [42, 48, 57],
    [43, 76, 124],
    [45, 128, 162],
    [94, 192, 158],
    [240, 240, 160],
  ],
];
const KINDS: readonly (readonly string[])[] = [
  ['#1f5fbf', '#c2571a', '#2e7d5b', '#8b3fa8', '#b99a1d', '#b23a6f', '#3f8fa8', '#737b86'],
  ['#7fb2ff', '#f5a36b', '#6bd0a2', '#d59af0', '#e5cf6b', '#f08fb8', '#7fd0e5', '#98a2ae'],
];

export const emptyColour = (): string => (isDark() ? '#262a31' : '#f0f1f3');
export const lineColour = (): string => (isDark() ? '#4a515c' : '#c4c9d0');

export const kindColour = (kind: number): string => {
  const kinds = KINDS[isDark() ? 1 : 0]!;
  return kinds[kind % kinds.length]!;
};

export function rampColour(share: number): string {
  const ramp = RAMPS[isDark() ? 1 : 0]!;
  const at = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const i = Math.min(ramp.length - 2, Math.floor(at));
  const [from, to] = [ramp[i]!, ramp[i + 1]!];
  const mix = from.map((part, c) => Math.round(part + (at - i) * (to[c]! - part)));
  return `rgb(${mix.join(' ')})`;
}

/** Neighbours in the network have neighbouring hues, and differ in lightness. */
export function layerColour(layer: number, layers: number): string {
  const hue = 25 + (290 * layer) / Math.max(1, layers - 1);
  const light = (isDark() ? 0.72 : 0.6) + (layer % 2 === 0 ? 0.05 : -0.05);
  return `oklch(${light.toFixed(2)} 0.13 ${hue.toFixed(0)})`;
}

export const gradient = (colourOf: (share: number) => string): string =>
  `linear-gradient(to right, ${Array.from({ length: 13 }, (_, i) => colourOf(i / 12)).join(', ')})`;
