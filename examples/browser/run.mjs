// SPDX-License-Identifier: Apache-2.0
//
// An entry of a module from the command line, with Node.
//
//   node run.mjs gpt.wasm run1/weights.safetensors text prompt='To be' length=100 --seed 5
//   node run.mjs mlp.wasm run1/weights.safetensors classify image=pictures.npy --out classes.npy
//
// Values are texts, numbers (1.5, or 1,2,3 for several) or .npy files; '-' stands for no weights. Results are printed; --out writes the first one,
// or NAME=FILE the one of that name, to a .npy file.

import { readFileSync, writeFileSync } from 'node:fs'
import { load, tensor } from './lamina.mjs'

const formats = { '<f4': Float32Array, '<f8': Float64Array, '|b1': Uint8Array, '|u1': Uint8Array, '|i1': Int8Array,
  '<i4': Int32Array, '<i8': BigInt64Array }

function readArray(path) {
  const file = readFileSync(path)
  const start = 10 + (file.length < 10 ? 0 : file.readUInt16LE(8))
  const header = file.toString('latin1', 10, start)
  const array = formats[header.match(/'descr': '(.*?)'/)?.[1]]
  const sizes = header.match(/'shape': \((.*?)\)/)?.[1]
  const isByRows = file.toString('latin1', 1, 8) === 'NUMPY\x01\x00' && header.includes("'fortran_order': False")
  if (!isByRows || !array || sizes === undefined)
    throw new Error(`'${path}' is no .npy file, row by row, of one of ${Object.keys(formats).join(' ')}`)
  const data = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length)
  if (data.byteLength % array.BYTES_PER_ELEMENT) throw new Error(`'${path}' ends within an element`)
  return tensor(sizes.split(',').filter((size) => size.trim()).map(Number), new array(data))
}

function writeArray(path, { shape, data }) {
  const format = Object.keys(formats).find((each) => data instanceof formats[each])
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const header = `{'descr': '${format}', 'fortran_order': False, 'shape': (${sizes}), }`
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n'
  const length = Buffer.alloc(2)
  length.writeUInt16LE(padded.length)
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  writeFileSync(path, Buffer.concat([magic, length, Buffer.from(padded, 'latin1'), Buffer.from(data.buffer)]))
}

/**
 * What `text` says for a parameter: of a text itself, otherwise an array, or numbers of its shape. As in a flag of a
 * program, numbers lie along the last axis, and the axes in front are 1.
 */
function parse(name, parameter, text) {
  if (text.endsWith('.npy')) return readArray(text)
  // Names that are unknown are the module's to refuse.
  if (!parameter || parameter.text) return text
  const numbers = text.split(',').map((word) => (word.trim() ? Number({ true: 1, false: 0 }[word] ?? word) : NaN))
  if (numbers.some(Number.isNaN))
    throw new Error(`'${name}' takes a number, numbers with commas, or a .npy file, not '${text}'`)
  const fraction = numbers.find((number) => !Number.isInteger(number))
  if (fraction !== undefined && !/^b?f/.test(parameter.element))
    throw new Error(`'${name}' takes whole numbers, not ${fraction}`)
  const rank = parameter.shape?.length ?? 0 // a length has no shape
  if (!rank && numbers.length > 1) throw new Error(`'${name}' takes one number`)
  return tensor(rank ? [...Array(rank - 1).fill(1), numbers.length] : [], numbers)
}

async function main(words) {
  const flags = {}
  for (const name of ['out', 'seed']) {
    const at = words.indexOf(`--${name}`)
    if (at < 0) continue
    flags[name] = words.splice(at, 2)[1]
    if (!flags[name]) throw new Error(`--${name} needs a value`)
  }
  const [module, weights, name, ...assignments] = words
  if (!name) throw new Error('usage: node run.mjs MODULE WEIGHTS ENTRY [name=value…] [--seed N] [--out [NAME=]FILE.npy]')
  if (flags.seed && !/^-?\d+$/.test(flags.seed)) throw new Error(`--seed is a whole number, not '${flags.seed}'`)
  const program = await load(readFileSync(module), weights === '-' ? undefined : readFileSync(weights))
  if (flags.seed) program.seed(flags.seed)
  const entry = program.description.entries.find((each) => each.name === name)
  const values = Object.fromEntries(assignments.map((word) => {
    const [key] = word.split('=', 1)
    return [key, parse(key, entry?.parameters.find((each) => each.name === key), word.slice(key.length + 1))]
  }))
  const results = program.call(name, values)
  if (flags.out) {
    const [file, result = Object.keys(results)[0]] = flags.out.split('=').reverse()
    return writeArray(file, results[result])
  }
  for (const result of Object.values(results))
    console.log(typeof result === 'string' ? result : `[${result.shape.join(', ')}] ${Array.from(result.data).join(' ')}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`error: ${error.message}`)
  process.exit(1)
})
