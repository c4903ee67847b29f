// The load generator's sockets, and what it does for each message, in C: a message costs little more than the
// kernel's own work. Linux. `engine.ts` compiles and calls it, from one thread. Everything else about a station is
// decided there.
//
// A connection is a slot. A slot may be given a run: the WebSocket frame of a CALL, and the digits in it that count
// on from one CALL to the next. They are sent one after the other, each as soon as the one before is answered. What
// is not plainly the answer that the run waits for is handed up: other messages, answers in pieces, the end of the
// connection.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 131072, GROUPS = 4096, EPOLL_EVENTS = 1024, EVENTS = 4096, INCOMING = 65536, ARENA = 1 << 20 };
enum { OPENED = 1, DATA = 2, GONE = 3, RUN_ENDED = 4 };
enum { ID = 36, CALL_HEAD = 4, COUNTERS = 8 };
enum { GATHER_FROM = 128, GATHER_NS = 200000 };
enum { DECIMAL = 0, CLOCK = 1 };

struct counter {
  int32_t kind, at, width, step, wrap_at, wrap_by;
};

struct slot {
  int fd; // -1: closed
  uint32_t serial;
  uint16_t group;
  uint8_t is_open, is_handed_up, is_in_flight, counters;
  uint32_t action, done, count; // of the run: CALLs that were answered, and how many there are
  int64_t sent_ns;
  uint8_t *frame; // of the CALL under way
  uint32_t frame_bytes, frame_room;
  struct counter counter[COUNTERS];
  uint8_t *unsent;
  uint32_t unsent_bytes;
  char id[ID]; // of the CALL under way; its last 12 characters are a number
};

struct group {
  int is_running;
  uint32_t *latencies, *counts;
};

struct event {
  int32_t type, slot, from, length;
};

static struct slot *slots;
static int free_slots[SLOTS], freed_slots[SLOTS], n_free, n_freed;
static struct group groups[GROUPS];
static struct event events[EVENTS];
static struct epoll_event ready[EPOLL_EVENTS];
static uint8_t incoming[INCOMING], arena[ARENA];
static int n_in_flight; // of all runs
static int epoll_fd, n_events, n_ready, next_ready, arena_used;
static uint32_t serials;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void tell(int type, int slot, int from, int length) {
  events[n_events++] = (struct event){type, slot, from, length};
}

/* Latencies are counted as in `histogram.ts`: exact up to 2047 µs, then to one part in 1024. */
static uint32_t bucket_of(int64_t us) {
  if (us < 1) us = 1;
  if (us > 0x3fffffff) us = 0x3fffffff;
  if (us < 2048) return us;
  int shift = 21 - __builtin_clz((uint32_t)us);
  return shift * 1024 + (us >> shift);
}

static void close_socket(struct slot *s) {
  if (s->fd < 0) return;
  // Without lingering the kernel resets the connection, and its port is free again at once.
  struct linger none = {1, 0};
  setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(s->fd);
  s->fd = -1;
  n_in_flight -= s->is_in_flight;
  free(s->unsent);
  s->unsent = NULL;
  s->unsent_bytes = 0;
}

static void keep_unsent(struct slot *s, const uint8_t *bytes, uint32_t length) {
  s->unsent = realloc(s->unsent, s->unsent_bytes + length);
  memcpy(s->unsent + s->unsent_bytes, bytes, length);
  s->unsent_bytes += length;
}

static void transmit(struct slot *s, const uint8_t *bytes, uint32_t length) {
  if (s->fd < 0) return;
  if (s->unsent_bytes > 0) return keep_unsent(s, bytes, length);
  // A connection that is broken says so by an event.
  ssize_t sent = send(s->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) sent = 0;
  if (sent < length) keep_unsent(s, bytes + sent, length - sent);
}

static void flush_unsent(struct slot *s) {
  ssize_t sent = send(s->fd, s->unsent, s->unsent_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent <= 0) return;
  s->unsent_bytes -= sent;
  memmove(s->unsent, s->unsent + sent, s->unsent_bytes);
}

static void send_frame(struct slot *s, int64_t now) {
  memcpy(s->frame + ((s->frame[1] & 0x7f) < 126 ? 6 : 8) + CALL_HEAD, s->id, ID);
  n_in_flight += !s->is_in_flight;
  s->is_in_flight = 1;
  s->sent_ns = now;
  transmit(s, s->frame, s->frame_bytes);
}

static void count_on(uint8_t *text, const struct counter *c) {
  if (c->kind == CLOCK) {
    int at = c->at, seconds = 0;
    for (int part = 0; part < 3; part++)
      seconds = seconds * 60 + (text[at + part * 3] - '0') * 10 + text[at + part * 3 + 1] - '0';
    seconds += c->step;
    for (int part = 2; part >= 0; part--, seconds /= 60) {
      text[at + part * 3] = '0' + seconds % 60 / 10;
      text[at + part * 3 + 1] = '0' + seconds % 60 % 10;
    }
    return;
  }
  int64_t value = 0;
  for (int at = c->at; at < c->at + c->width; at++)
    if (text[at] >= '0') value = value * 10 + text[at] - '0';
  value += c->step;
  if (c->wrap_at > 0 && value >= c->wrap_at) value -= c->wrap_by;
  for (int at = c->at + c->width - 1; at >= c->at; at--)
    if (text[at] >= '0') {
      text[at] = '0' + value % 10;
      value /= 10;
    }
}

/* The CALL under way was answered: the next one, or the end of the run. */
static int step(struct slot *s, int64_t now) {
  n_in_flight -= s->is_in_flight;
  s->is_in_flight = 0;
  if (++s->done >= s->count) return 1;
  for (int number = 0; number < s->counters; number++) count_on(s->frame, &s->counter[number]);
  int digit = ID - 1;
  while (s->id[digit] == '9') s->id[digit--] = '0';
  s->id[digit]++;
  if (groups[s->group].is_running) send_frame(s, now);
  return 0;
}

/* Whether these bytes are one whole frame with the CALLRESULT that the run waits for, as servers write it without
   spaces. */
static int is_answer(const struct slot *s, const uint8_t *bytes, int length) {
  if (length < 4 || bytes[0] != 0x81) return 0;
  int head = 2, payload = bytes[1];
  if (payload == 126) {
    head = 4;
    payload = bytes[2] << 8 | bytes[3];
  } else if (payload > 126) return 0;
  if (head + payload != length || payload < CALL_HEAD + ID + 2) return 0;
  const uint8_t *text = bytes + head;
  if (memcmp(text, "[3,\"", CALL_HEAD) != 0) return 0;
  return memcmp(text + CALL_HEAD, s->id, ID) == 0 && text[CALL_HEAD + ID] == '"';
}

static void watch(struct slot *s, int number, int how) {
  struct epoll_event wanted = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u64 = (uint64_t)s->serial << 32 | number}};
  epoll_ctl(epoll_fd, how, s->fd, &wanted);
}

static void end(struct slot *s, int number, int error) {
  close_socket(s);
  tell(GONE, number, 0, error);
}

static void receive(struct slot *s, int number, int is_ending) {
  for (;;) {
    ssize_t length = recv(s->fd, incoming, INCOMING, MSG_DONTWAIT);
    if (length < 0) {
      if (errno != EAGAIN) end(s, number, errno);
      return;
    }
    if (length == 0) return end(s, number, 0);
    if (s->is_in_flight && !s->is_handed_up && is_answer(s, incoming, length)) {
      struct group *g = &groups[s->group];
      int64_t now = now_ns();
      g->latencies[bucket_of((now - s->sent_ns) / 1000)]++;
      g->counts[s->action]++;
      if (step(s, now)) tell(RUN_ENDED, number, 0, 0);
    } else {
      memcpy(arena + arena_used, incoming, length);
      tell(DATA, number, arena_used, length);
      arena_used += length;
      s->is_handed_up = 1;
    }
    // An event tells of new bytes only: what came before the end must be read with it.
    if (length < INCOMING && !is_ending) return;
    if (arena_used + INCOMING > ARENA || n_events + 4 > EVENTS) {
      // No room to hand up more in this turn: have the kernel tell again.
      return watch(s, number, EPOLL_CTL_MOD);
    }
  }
}

static void handle(const struct epoll_event *e) {
  int number = e->data.u64 & 0xffffffff;
  struct slot *s = &slots[number];
  if (s->fd < 0 || s->serial != e->data.u64 >> 32) return;
  if (!s->is_open) {
    if (e->events & (EPOLLERR | EPOLLHUP)) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
      return end(s, number, error);
    }
    if (!(e->events & EPOLLOUT)) return;
    s->is_open = 1;
    tell(OPENED, number, 0, 0);
  }
  if (s->unsent_bytes > 0 && e->events & EPOLLOUT) flush_unsent(s);
  if (e->events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
    receive(s, number, (e->events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0);
}

/* Returns 0, or an errno. A process that loads this twice, for two global objects, has it once: what the first one left
   open is closed. */
int engine_start(void) {
  int is_again = slots != NULL;
  if (!is_again) slots = calloc(SLOTS, sizeof *slots);
  if (slots == NULL) return ENOMEM;
  n_free = n_freed = n_ready = next_ready = 0;
  for (int number = SLOTS - 1; number >= 0; number--) {
    if (is_again) close_socket(&slots[number]);
    slots[number].fd = -1;
    free_slots[n_free++] = number;
  }
  if (!is_again) epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  return epoll_fd < 0 ? errno : 0;
}

void *engine_events(void) { return events; }
void *engine_arena(void) { return arena; }

/* The number of a new slot, which hears OPENED or GONE; or -errno. `from` may be empty. */
int engine_dial(const char *host, int port, const char *from) {
  if (n_free == 0) return -EMFILE;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1, error = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (*from != 0) {
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    inet_pton(AF_INET, from, &address.sin_addr);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) error = errno;
  }
  address.sin_port = htons(port);
  inet_pton(AF_INET, host, &address.sin_addr);
  if (error == 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) error = errno;
  if (error != 0) {
    close(fd);
    return -error;
  }
  int number = free_slots[--n_free];
  struct slot *s = &slots[number];
  uint8_t *frame = s->frame;
  uint32_t room = s->frame_room;
  *s = (struct slot){.fd = fd, .serial = ++serials, .frame = frame, .frame_room = room};
  watch(s, number, EPOLL_CTL_ADD);
  return number;
}

void engine_send(int number, const uint8_t *bytes, int length) { transmit(&slots[number], bytes, length); }

/* Closes the slot; its number is used again after the events of this turn. */
void engine_cut(int number) {
  close_socket(&slots[number]);
  freed_slots[n_freed++] = number;
}

/* Waits at most so many microseconds for something to happen, and returns how many events are to be read. */
int engine_turn(int wait_us) {
  n_events = arena_used = 0;
  while (n_freed > 0) free_slots[n_free++] = freed_slots[--n_freed];
  if (next_ready >= n_ready) {
    // Each answer that finds us waiting costs the server a wake-up, and one answer a turn costs us a turn. While many
    // are under way in a closed loop, let some gather.
    if (n_in_flight >= GATHER_FROM && n_ready < n_in_flight / 4) nanosleep(&(struct timespec){0, GATHER_NS}, NULL);
    next_ready = 0;
    struct timespec wait = {0, wait_us * 1000L};
    n_ready = syscall(SYS_epoll_pwait2, epoll_fd, ready, EPOLL_EVENTS, &wait, NULL, 0);
    // Linux before 5.11 waits in milliseconds.
    if (n_ready < 0 && errno == ENOSYS) n_ready = epoll_wait(epoll_fd, ready, EPOLL_EVENTS, wait_us > 0);
  }
  while (next_ready < n_ready && arena_used + INCOMING <= ARENA && n_events + 4 <= EVENTS) handle(&ready[next_ready++]);
  return n_events;
}

/* How many sockets had something to say in the last turn. */
int engine_ready(void) { return n_ready; }

/* Where a group of slots counts latencies and answers. */
void engine_group(int group, uint32_t *latencies, uint32_t *counts) {
  groups[group].latencies = latencies;
  groups[group].counts = counts;
}

/* Whether the runs of a group send what comes next. */
void engine_running(int group, int is_running) { groups[group].is_running = is_running; }

/* Begins a run of so many CALLs. The first has this id. */
void engine_play(int number, int group, int action, const uint8_t *frame, int bytes, int count,
                 const struct counter *counter, int counters, const char *id) {
  struct slot *s = &slots[number];
  if (s->frame_room < (uint32_t)bytes) s->frame = realloc(s->frame, s->frame_room = bytes);
  memcpy(s->frame, frame, bytes);
  memcpy(s->counter, counter, counters * sizeof *counter);
  memcpy(s->id, id, ID);
  s->frame_bytes = bytes;
  s->group = group;
  s->action = action;
  s->count = count;
  s->counters = counters;
  s->done = 0;
  s->is_handed_up = 0;
  send_frame(s, now_ns());
}

/* The CALL under way was settled by the caller. Returns 1 when that was the last. */
int engine_step(int number) { return step(&slots[number], now_ns()); }

/* What was handed up has been read to the end of a frame. */
void engine_resume(int number) { slots[number].is_handed_up = 0; }

/* CALLs of the run that were answered. */
int engine_done(int number) { return slots[number].done; }

/* Since when the CALL under way waits for its answer, in milliseconds; -1 when none does. */
double engine_waits_ms(int number) {
  struct slot *s = &slots[number];
  return s->is_in_flight ? (now_ns() - s->sent_ns) / 1e6 : -1;
}
