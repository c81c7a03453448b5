/** A room where a process may not reserve what WebAssembly takes: prints the error. */
import { createRoom } from '../../runtime-sim/noc/room.ts';

try {
  createRoom();
} catch (error) {
  console.log(String(error));
}
