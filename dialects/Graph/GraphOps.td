// SPDX-License-Identifier: Apache-2.0
//
// All ops of the graph dialect.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHOPS
#define LAMINA_DIALECTS_GRAPH_GRAPHOPS

include "dialects/Graph/GraphAlgebra.td"
include "dialects/Graph/GraphControl.td"
include "dialects/Graph/GraphViews.td"

#endif // LAMINA_DIALECTS_GRAPH_GRAPHOPS
