// A worker thread that is stuck tells it first, so that a test can move its clock to the moment at which the thread is
// terminated, instead of waiting.

const channelName = 'stuck-threads'

/** In a worker thread: never returns. */
export function hang(): never {
  new BroadcastChannel(channelName).postMessage(null)
  for (;;);
}

/** Calls `callback` each time that a worker thread of this process gets stuck; the returned function ends that. */
export function whenStuck(callback: () => void): () => void {
  const channel = new BroadcastChannel(channelName)
  channel.onmessage = callback
  return () => channel.close()
}
