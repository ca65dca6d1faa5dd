// SPDX-License-Identifier: Apache-2.0
//
// Calls a module that `lamina build --target=wasm32` has made.
//
//   const program = await load(await fetchBytes('model.wasm'), await fetchBytes('weights.safetensors'))
//   const { result } = program.call('text', { prompt: 'To be', length: 100 })
//
// The module and the checkpoint in, entries as functions of plain values out. docs/wasm.md says what is behind it;
// nothing here is of one model. It runs in browsers and in Node.

const elements = [
  { name: 'f32', file: 'F32', array: Float32Array },
  { name: 'f64', file: 'F64', array: Float64Array },
  { name: 'bf16', file: 'BF16', array: Uint16Array },
  { name: 'i1', file: 'BOOL', array: Uint8Array },
  { name: 'i8', file: 'I8', array: Int8Array },
  { name: 'i32', file: 'I32', array: Int32Array },
  { name: 'i64', file: 'I64', array: BigInt64Array },
]

// LaminaTensor of Lamina.h: name, element, rank, shape[8], data.
const tensorBytes = 88, shapeAt = 16, dataAt = 80

/** A tensor: its shape and its elements, row by row. */
export function tensor(shape, data) {
  return { shape, data }
}

/** Starts a module: `wasm` are its bytes, `weights` those of a safetensors file, if it has weights. */
export async function load(wasm, weights) {
  const { instance } = await WebAssembly.instantiate(wasm, {})
  const program = new Program(instance.exports)
  if (weights) program.setWeights(weights)
  return program
}

export async function fetchBytes(path) {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`'${path}' cannot be read: ${answer.statusText}`)
  return new Uint8Array(await answer.arrayBuffer())
}

class Program {
  constructor(exports) {
    this.exports = exports
    this.description = JSON.parse(this.#textAt(exports.lamina_module_describe()))
  }

  /** The tensors of a safetensors file that the module asks for. */
  setWeights(file) {
    const { tensors, start } = readHeader(file)
    for (const { name } of this.description.weights) {
      const found = tensors[name]
      if (!found) throw new Error(`the checkpoint has no weight '${name}'`)
      const [begin, end] = found.data_offsets.map((offset) => start + offset)
      if (end > file.length) throw new Error(`the checkpoint ends before the weight '${name}' does`)
      const element = elements.findIndex((each) => each.file === found.dtype)
      if (element < 0) throw new Error(`the weight '${name}' is ${found.dtype}, which no module takes`)
      this.#within((room) => {
        const at = room.tensors([{ name, element, shape: found.shape, bytes: file.subarray(begin, end) }])
        this.#check(this.exports.lamina_module_weight(at))
      })
    }
  }

  /** The seed of every random number: a whole number. */
  seed(number) {
    this.exports.lamina_module_seed(BigInt(number))
  }

  /**
   * Runs an entry. Values of parameters by name: a text, a number, or a tensor. Returns the results by name: texts,
   * or tensors whose data is theirs.
   */
  call(name, values = {}) {
    const entry = this.description.entries.find((each) => each.name === name)
    const results = entry ? entry.results : []
    return this.#within((room) => {
      const given = Object.entries(values).map(([key, value]) => {
        const parameter = entry?.parameters.find((each) => each.name === key)
        return { name: key, ...toTensor(parameter ?? {}, value) }
      })
      const inputs = room.tensors(given)
      const outputs = room.block(tensorBytes * Math.max(results.length, 1))
      this.#check(
        this.exports.lamina_module_call(room.text(name), inputs, given.length, outputs, results.length))
      return Object.fromEntries(results.map((result, number) =>
        [result.name, this.#resultAt(outputs + tensorBytes * number, result)]))
    })
  }

  #check(status) {
    if (status < 0) throw new Error(this.#textAt(this.exports.lamina_module_error()))
  }

  /** Blocks of the module's memory that are given back when `work` is done. */
  #within(work) {
    const room = new Room(this.exports)
    try {
      return work(room)
    } finally {
      room.release()
    }
  }

  #textAt(address) {
    const bytes = new Uint8Array(this.exports.memory.buffer, address)
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
  }

  #resultAt(address, result) {
    const buffer = this.exports.memory.buffer
    const view = new DataView(buffer, address, tensorBytes)
    const rank = view.getInt32(8, true)
    const shape = Array.from({ length: rank }, (_, axis) => Number(view.getBigInt64(shapeAt + 8 * axis, true)))
    const count = shape.reduce((product, size) => product * size, 1)
    const { array } = elements[view.getInt32(4, true)]
    const data = new array(buffer, view.getUint32(dataAt, true), count).slice()
    return result.text ? toTexts(result.text, shape, data) : tensor(shape, data)
  }
}

/** What a safetensors file holds, by name, and where its data starts. */
function readHeader(file) {
  try {
    const length = Number(new DataView(file.buffer, file.byteOffset, file.length).getBigUint64(0, true))
    const tensors = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
    return { tensors, start: 8 + length }
  } catch {
    throw new Error('the checkpoint is no safetensors file')
  }
}

/** Blocks of memory for one call. Views of memory are made when they are used, because it may grow. */
class Room {
  constructor(exports) {
    this.exports = exports
    this.blocks = []
  }

  block(bytes) {
    const address = this.exports.lamina_module_allocate(bytes) >>> 0
    if (!address) throw new Error(`the module gets no ${bytes} bytes of memory`)
    this.blocks.push(address)
    return address
  }

  bytes(bytes) {
    const address = this.block(bytes.length)
    new Uint8Array(this.exports.memory.buffer, address, bytes.length).set(bytes)
    return address
  }

  text(text) {
    return this.bytes(new TextEncoder().encode(text + '\0'))
  }

  tensors(list) {
    const address = this.block(Math.max(list.length, 1) * tensorBytes)
    list.forEach(({ name, element, shape, bytes }, number) => {
      const nameAt = this.text(name), data = this.bytes(bytes)
      const view = new DataView(this.exports.memory.buffer, address + number * tensorBytes, tensorBytes)
      view.setUint32(0, nameAt, true)
      view.setInt32(4, element, true)
      view.setInt32(8, shape.length, true)
      shape.forEach((size, axis) => {
        if (axis < 8) view.setBigInt64(shapeAt + 8 * axis, BigInt(size), true)
      })
      view.setUint32(dataAt, data, true)
    })
    return address
  }

  release() {
    for (const address of this.blocks) this.exports.lamina_module_release(address)
  }
}

/** A text, a number or a tensor as the parameter takes it. */
function toTensor(parameter, value) {
  if (typeof value === 'string') {
    const tokens = toTokens(parameter.text ?? 'bytes', value)
    const leading = Array(Math.max((parameter.shape?.length ?? 1) - 1, 0)).fill(1)
    value = tensor([...leading, tokens.length], tokens)
  } else if (typeof value === 'number' || typeof value === 'boolean') {
    value = tensor([], [value])
  }
  const wanted = parameter.size && !value.shape.length ? 'i64' : parameter.element ?? 'f32'
  const element = elements.findIndex((each) => each.name === wanted)
  const { array } = elements[element]
  const whole = array === BigInt64Array
  const data = value.data instanceof array ? value.data : array.from(value.data, whole ? BigInt : Number)
  const count = value.shape.reduce((product, size) => product * size, 1)
  if (data.length !== count)
    throw new Error(`'${parameter.name}' is [${value.shape.join(', ')}], which are ${count} elements, not ${data.length}`)
  return { element, shape: value.shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

function toTokens(vocabulary, text) {
  if (vocabulary === 'bytes') return Array.from(new TextEncoder().encode(text))
  return Array.from(text, (letter) => {
    const token = vocabulary.indexOf(letter)
    if (token < 0) throw new Error(`'${letter}' is not in the vocabulary`)
    return token
  })
}

/** One text, or a list of them for rows of tokens. */
function toTexts(vocabulary, shape, tokens) {
  const width = shape.at(-1) ?? 1
  const rows = Array.from({ length: width ? tokens.length / width : 0 }, (_, row) => {
    const line = Array.from(tokens.subarray(row * width, (row + 1) * width), Number)
    return vocabulary === 'bytes'
      ? new TextDecoder().decode(Uint8Array.from(line))
      : line.map((token) => vocabulary[token]).join('')
  })
  return rows.length === 1 ? rows[0] : rows
}
