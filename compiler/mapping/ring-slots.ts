/**
 * How many rows a ring must hold so that none is overwritten while it is needed, for images that follow each other
 * every `interval` timesteps. Rows are numbered through all images: row r of image m is row m · rows + r, and lies in
 * slot (m · rows + r) mod slots. Row q is needed from its first arrival to its end, both included: what arrives in a
 * timestep comes before what executes in it.
 *
 *     slots = 1 + max (q' − q)   over q' ≥ q with arrival(q') ≤ end(q)
 */

/** Row r of image 0 executes, and so ends, at start + r. A row that nothing feeds arrives at Infinity. */
export function rowSlots(arrivals: ArrayLike<number>, start: number, interval: number): number {
  const rows = arrivals.length;
  let most = 0;
  for (let row = 0; row < rows; row++) {
    if (arrivals[row] === Number.POSITIVE_INFINITY) continue;
    // The first row that has not ended when this one arrives.
    const since = arrivals[row]! - start;
    const image = Math.floor(since / interval);
    const executing = since - image * interval;
    const first = executing < rows ? image * rows + executing : (image + 1) * rows;
    most = Math.max(most, row - first);
  }
  return most + 1;
}

/** Row s of image 0 arrives at `begin` + s; all rows of the image end together. */
export function broadcastSlots(rows: number, begin: number, end: number, interval: number): number {
  let most = 0;
  for (let row = 0; row < rows; row++) {
    const image = Math.ceil((begin + row - end) / interval);
    most = Math.max(most, row - image * rows);
  }
  return most + 1;
}
