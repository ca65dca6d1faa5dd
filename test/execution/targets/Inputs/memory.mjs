// SPDX-License-Identifier: Apache-2.0
//
// Blocks of a module's memory: apart, aligned, given back; calls that leave nothing behind.

import { readFileSync } from 'node:fs'
import { load } from '../../../../examples/browser/lamina.mjs'

const program = await load(readFileSync(process.argv[2]))
const { lamina_module_allocate: allocate, lamina_module_release: release, memory } = program.exports
const blocks = []
let word = 1, wrong = 0
const next = (below) => (word = (word * 48271) % 0x7fffffff) % below

for (let round = 0; round < 3000; ++round) {
  if (blocks.length > 20 || (blocks.length && next(3) === 0)) {
    const [{ at, bytes, mark }] = blocks.splice(next(blocks.length), 1)
    wrong += new Uint8Array(memory.buffer, at, bytes).some((byte) => byte !== mark)
    release(at)
  } else {
    const bytes = next(40) ? next(5000) : next(2000000), at = allocate(bytes) >>> 0, mark = round % 256
    wrong += at % 128 !== 0 || at === 0
    new Uint8Array(memory.buffer, at, bytes).fill(mark)
    blocks.push({ at, bytes, mark })
  }
}
for (const { at } of blocks) release(at)
console.log(`${wrong} wrong blocks`)

program.call('draw')
const before = memory.buffer.byteLength
for (let round = 0; round < 300; ++round) program.call('draw')
console.log(`${memory.buffer.byteLength - before} bytes more`)
console.log(`nothing for too much: ${allocate(0xfffffff0)}`)
