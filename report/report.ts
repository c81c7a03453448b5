/** Facts of a deployment → report.json. A pure function: the same facts give the same report. */
import { type Accounts, accountsOf } from './accounts.ts';
import type { Facts } from './facts.ts';
import { figuresOf } from './figures.ts';
import { REPORT_VERSION, type Report } from './schema.ts';
import { accuracyOf, eq30Of } from './sections/answers.ts';
import { chipMapOf, mainLayers } from './sections/chip-map.ts';
import { coreTimes } from './sections/core-times.ts';
import { energyReportOf } from './sections/energy.ts';
import { alternativesOf, provenanceOf, qualityOf } from './sections/judgement.ts';
import { layersOf } from './sections/layers.ts';
import { headerOf, verdictOf } from './sections/summary.ts';
import { tensorsOf } from './sections/tensors.ts';
import { timeOf } from './sections/time.ts';
import { trafficOf } from './sections/traffic.ts';

export function makeReport(facts: Facts): { readonly report: Report; readonly accounts: Accounts } {
  const { manifest, ran, tallied, target, timed } = facts;
  const accounts = accountsOf(manifest, ran, tallied, target, timed);
  const times = coreTimes(facts);
  const verdict = verdictOf(facts, accounts);
  const layers = [...layersOf(facts, accounts)];
  const energy = energyReportOf(facts, accounts);
  const chipMap = chipMapOf(facts, accounts, times);
  const traffic = trafficOf(facts, accounts.interval.seconds);
  const time = timeOf(facts, accounts, times, mainLayers(facts.tiles, manifest.cores.length));
  const made = { verdict, layers, energy, chipMap, traffic, time };
  const report: Report = {
    schema: 'snnc-report',
    schemaVersion: REPORT_VERSION,
    header: headerOf(facts),
    verdict,
    accuracy: accuracyOf(facts),
    eq30: eq30Of(facts),
    energy,
    layers,
    tensors: [...tensorsOf(facts)],
    unsupported: [],
    chipMap,
    traffic,
    time,
    quality: qualityOf(facts),
    alternatives: alternativesOf(facts, made),
    provenance: provenanceOf(facts),
    figures: [...figuresOf(facts)],
  };
  return { report, accounts };
}
