/** A pass is a pure function from stage to stage; what it needs from elsewhere comes as `needs`. */

import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { Dialect, Graph } from '../ir/dialect.ts';

export interface Pass<A extends Dialect, B extends Dialect, Needs = undefined> {
  /** Also the name of its file. */
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  run(graph: Graph<A>, needs: Needs, report: Report): Graph<B>;
}
