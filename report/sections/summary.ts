/** Header and verdict: what was compiled, whether it fits, how fast, how dear and how right it is. */

import { MODES } from '../../ir/chip.ts';
import { energyRatio } from '../../ir/count/energy.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { Accounts } from '../accounts.ts';
import { bandOf } from '../energy.ts';
import type { Facts } from '../facts.ts';
import { round } from '../print.ts';
import type { Report } from '../schema.ts';
import { bigNumber, energyRange, seconds as secondsText } from '../units.ts';

export function headerOf({ manifest, ran }: Facts): Report['header'] {
  const { model, tool, target, network, options, calibration } = manifest;
  const mode = MODES.find(name => name === network.mode) ?? defect(`a mode ${network.mode}`);
  const { title, board } = target as { title?: unknown; board?: { title?: unknown } };
  return {
    model: { file: model.file, name: model.name, sha256: model.sha256 },
    tool: { ...tool },
    target: {
      ...{ name: target.name, spec: target.spec, title: `${title ?? target.name}` },
      board: board === undefined ? null : `${board.title}`,
      ...{ chips: target.chips, cores: target.cores },
    },
    ...{ mode, coding: network.coding, steps: network.steps, seed: Number(options.seed ?? 0) },
    options: { ...options },
    calibration: {
      source: calibration.source,
      images: calibration.images,
      logitMse: round(calibration.logitMse),
    },
    images: ran.images,
  };
}

export function verdictOf(facts: Facts, accounts: Accounts): Report['verdict'] {
  const { manifest, ran, timed, answers } = facts;
  const { target, network, populations, cores } = manifest;
  const chips = new Set(cores.map(core => core.chip)).size;
  const { binding, coresBound, fills, latency, interval, throughput, energy } = accounts;
  const band = bandOf(energy);
  const verdict = {
    fits: true,
    cores: { used: cores.length, available: target.cores, least: facts.leastCores },
    chips: { used: chips, available: target.chips },
    neurons: network.neurons,
    unread: network.unread,
    populations: populations.length,
    tiles: facts.tiles.core.length,
    weights: facts.weights,
    binding: { ...binding, fill: round(binding.fill) },
    coresBound: { ...coresBound },
    fills: { ...fills },
    latency: {
      steps: latency.steps,
      seconds: round(latency.seconds),
      timedSeconds: round(timed?.latency.seconds.mean ?? null),
    },
    interval: {
      steps: interval.steps,
      seconds: round(interval.seconds),
      timedSeconds: round(timed?.stream.intervalSeconds ?? null),
    },
    throughput: { atMost: round(throughput), timed: round(timed?.stream.imagesPerSecond ?? null) },
    energyPj: band && { low: round(band.low), high: round(band.high) },
    ratioToInt8: ratioOf(energy),
    eq30: round(paperRatio(facts)),
    accuracy: {
      ...{ source: answers.source, images: answers.images, isCalibration: true, float: answers.float },
      ...{ converted: null, integer: answers.integer, agreement: answers.agreement },
      // The chip is the integer network bit for bit where it was compared; here it ran on fewer images.
      simulated: null,
    },
    verified:
      ran.images === 0
        ? 'delivery and depths proved on the tables; no image was simulated'
        : `chip = integer network, bit for bit, on ${ran.images} image(s); delivery proved`,
  };
  return { ...verdict, says: sentenceOf(verdict, target.spec, network.mode) };
}

export const paperRatio = ({ predicted, manifest }: Facts): number =>
  energyRatio(predicted.paper, manifest.network.annMacs.paper);

function ratioOf(energy: Accounts['energy']): Report['verdict']['ratioToInt8'] {
  const ratios = energy.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  if (ratios.length === 0) return null;
  return {
    low: round(Math.min(...ratios.map(ratio => ratio.low))),
    high: round(Math.max(...ratios.map(ratio => ratio.high))),
  };
}

function sentenceOf(
  { cores, chips, binding, interval, energyPj }: Omit<Report['verdict'], 'says'>,
  spec: string,
  mode: string,
): string {
  const energy =
    energyPj === null ? 'energy unknown' : `${energyRange(energyPj.low, energyPj.high)} an image`;
  return [
    `Fits ${spec}: ${bigNumber(cores.used)} of ${bigNumber(cores.available)} cores on ${bigNumber(chips.used)} of ${bigNumber(chips.available)} chip(s)`,
    `${binding.resource} ${Math.round(100 * binding.fill)} % full on the fullest core`,
    `${mode}: an image every ${secondsText(interval.seconds)} at best`,
    energy,
  ].join('; ');
}
