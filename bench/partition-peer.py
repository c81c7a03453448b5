"""Partitions a hypergraph with Mt-KaHyPar: graph file (hMetis), parts, nodes a part -> one part a line on stdout."""
import sys
import time

import mtkahypar

graph, parts, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
mtk = mtkahypar.initialize(2)
context = mtk.context_from_preset(mtkahypar.PresetType.DEFAULT)
mtkahypar.set_seed(1)
context.logging = False
hypergraph = mtk.hypergraph_from_file(graph, context, mtkahypar.FileFormat.HMETIS)
average = hypergraph.total_weight() / parts
context.set_partitioning_parameters(parts, limit / -(-hypergraph.total_weight() // parts) - 1, mtkahypar.Objective.KM1)
context.set_individual_target_block_weights([limit] * parts)
start = time.time()
partitioned = hypergraph.partition(context)
print(f"{time.time() - start:.1f} s, km1 {partitioned.km1()}, {average:.1f} nodes a part", file=sys.stderr)
print("\n".join(str(partitioned.block_id(node)) for node in range(hypergraph.num_nodes())))
