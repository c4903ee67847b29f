// CPU time of this thread, which other processes and other threads do not lengthen. `process.threadCpuUsage()` counts
// in ticks of four milliseconds on Linux, so the clock of the kernel is asked instead.

import { dlopen, FFIType, ptr } from 'bun:ffi'

/** CLOCK_THREAD_CPUTIME_ID of Linux. */
const threadClock = 3

function clockOfKernel(): (() => number) | null {
  if (process.platform !== 'linux') return null
  try {
    const { symbols } = dlopen('libc.so.6', {
      clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    })
    const time = new BigInt64Array(2)
    const address = ptr(time)
    return () => {
      symbols.clock_gettime(threadClock, address)
      const [seconds = 0n, nanoseconds = 0n] = time
      return Number(seconds) * 1_000 + Number(nanoseconds) / 1_000_000
    }
  } catch {
    return null
  }
}

/** CPU time of this thread so far, in milliseconds; time on the clock where the system does not provide the former. */
export const threadMs: () => number = clockOfKernel() ?? (() => performance.now())
