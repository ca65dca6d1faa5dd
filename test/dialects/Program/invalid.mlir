// RUN: lamina-opt %s --verify-diagnostics --split-input-file

// expected-error @below {{has bounds 5 to 4 and the usual value 4; it needs 0 <= lower <= usual <= upper < 2^31}}
program.dim @dim_c1 in 5 to 4 usually 4

// -----

// expected-error @below {{has the type 'f32', which is no tensor}}
program.variable @variable_c1 : f32 {role = "param", init = 0.0 : f32}

// -----

// expected-error @below {{has the role 'weight'; roles are param, state, slot, counter, gradient, derived}}
program.variable @variable_c2 : tensor<f32> {role = "weight", init = 0.0 : f32}

// -----

// expected-error @below {{has the initial value "zero", which is neither a number nor a function}}
program.variable @variable_c3 : tensor<f32> {role = "param", init = "zero"}

// -----

// expected-error @below {{has elements of 'f32', but the initial value 0 : i64}}
program.variable @variable_c3_type : tensor<f32> {role = "param", init = 0 : i64}

// -----

// expected-error @below {{lacks the attribute 'stages'}}
program.train @train_c1 {model = "Net"}

// -----

// expected-error @below {{has the attribute 'stages', which is no text, number, type, symbol or list of these}}
program.train @train_c2 {stages = [affine_map<(d0) -> (d0)>]}

// -----

// expected-note @below {{the variable is declared here}}
program.variable @w : tensor<4xf32> {role = "param", init = 0.0 : f32}
// expected-error @below {{@w is 'tensor<4xf32>', but 'program.load' is on a value of type 'tensor<5xf32>'}}
func.func private @load_c1(tensor<5xf32> {program.load = @w})

// -----

// expected-error @below {{'program.store' names @w, which is no 'program.variable'}}
func.func private @store_c1() -> (tensor<5xf32> {program.store = @w})

// -----

// expected-error @below {{'program.metric' does not stand here}}
func.func private @metric_c1(tensor<5xf32> {program.metric = "loss"})

// -----

// expected-error @below {{'program.batch' is 5 : i64, but it is a text}}
func.func private @batch_c1(tensor<5xf32> {program.batch = 5})

// -----

// expected-error @below {{'program.entry' is "stop", which is no kind of entry}}
func.func private @entry_c1() attributes {program.entry = "stop"}
