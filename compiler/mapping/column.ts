/** A column of whole numbers that grows: an array of hundreds of millions of numbers is more than the language's own bear. */
export interface Column {
  push(value: number): void;
  length(): number;
  /** A view of what is there. */
  done(): Int32Array;
}

export function createColumn(): Column {
  let data = new Int32Array(1024);
  let length = 0;
  return {
    push(value) {
      if (length === data.length) {
        const larger = new Int32Array(2 * length);
        larger.set(data);
        data = larger;
      }
      data[length++] = value;
    },
    length: () => length,
    done: () => data.subarray(0, length),
  };
}
