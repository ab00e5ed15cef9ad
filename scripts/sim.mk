# The real bridge with a simulated broker, Kafka, disk and clock, in one thread
# and from one seed (tests/sim). `make sim SECONDS=60 SEED=n` runs seeds from n
# on for that long and exits 1 if one of them finds something. `make sim SEED=n
# ONCE=1` prints a single seed step by step. With BRIDGES=1 the seeds are of several
# bridges of one group.

SECONDS ?= 60
SEED    ?= 1

.PHONY: sim
SIM_BIN := $(BUILD)/sim/sim
SIM_SRC := $(call src,tests/sim)
SIM_ALL := $(SIM_SRC) $(filter-out bridge/main.c bridge/getaddrinfo.c,$(BRIDGE_SRC)) $(BASE_SRC) $(POLICY_SRC)
# Fortified calls bypass the linker's --wrap.
SIM_CFLAGS ?= -U_FORTIFY_SOURCE

# The libc functions that the linker redirects to the simulation, and the
# bridge's commit, after which it looks at the store (queues.c).
SIM_WRAP := epoll_create1 epoll_ctl epoll_wait poll eventfd signalfd sigprocmask read write close open fcntl pread pwrite \
	fsync fdatasync posix_fallocate unlink flock chmod fchmod fstat stat statvfs opendir \
	readdir closedir clock_gettime nanosleep getrusage getrandom _exit \
	setsockopt getpeername pthread_create pthread_join pthread_clockjoin_np \
	pthread_detach pthread_cond_wait pthread_cond_timedwait \
	pthread_cond_signal pthread_cond_broadcast pthread_mutex_lock \
	pthread_mutex_unlock store_commit
# What is taken out to see who misses it (without.c).
SIM_WITHOUT := ztp_lease_holds ztp_hold_until turns_mark_put copy_end turn_send_at held_keep standby_tell ztp_role_on consumer_reached store_request_unasked
comma := ,

$(BUILD)/sim/o/%.o: %.c
	$(call say,CC/sim)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(SIM_CFLAGS) -DZTP_VERSION='"sim"' -c -o $@ $<

$(SIM_BIN): $(SIM_ALL:%.c=$(BUILD)/sim/o/%.o)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SIM_CFLAGS) $(LDFLAGS) -rdynamic $(SIM_WRAP:%=-Wl$(comma)--wrap=%) \
		$(SIM_WITHOUT:%=-Wl$(comma)--wrap=%) -o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

helpers: $(SIM_BIN)

sim: $(SIM_BIN)
	$(Q)$(SIM_BIN) $(if $(BRIDGES),--bridges) --seed $(SEED) $(if $(ONCE),--once --verbose,--seconds $(SECONDS))

-include $(SIM_ALL:%.c=$(BUILD)/sim/o/%.d)

# What the played parts are held to, compiled twice: against them and against
# the real ones (tests/sim/contract, tests/fault/test_contract.py).
CONTRACT_SRC    := $(filter-out %/stage_played.c %/stage_real.c,$(call src,tests/sim/contract)) \
	base/clock.c base/kafka_offsets.c
CONTRACT_PLAYED := $(CONTRACT_SRC) tests/sim/contract/stage_played.c \
	$(addprefix tests/sim/,broker.c cluster.c disk.c $(notdir $(wildcard tests/sim/kafka_*.c)) \
	mosquitto.c paho.c sim.c system.c system_clock.c system_files.c thread.c process.c vfs.c)
CONTRACT_LIBS   := -lrdkafka -lpaho-mqtt3as -lmosquitto -lsqlite3 -lpthread

$(BUILD)/sim/contract-played: $(CONTRACT_PLAYED:%.c=$(BUILD)/sim/o/%.o)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SIM_CFLAGS) $(LDFLAGS) -rdynamic $(SIM_WRAP:%=-Wl$(comma)--wrap=%) \
		-o $@ $^ $(CONTRACT_LIBS) $(LDLIBS)

$(BUILD)/sim/contract: $(CONTRACT_SRC:%.c=$(BUILD)/sim/o/%.o) $(BUILD)/sim/o/tests/sim/contract/stage_real.o
	$(call say,LINK)
	$(Q)$(LINK) -pie -o $@ $^ $(CONTRACT_LIBS) $(LDLIBS)

# The played gate by itself, held to the real one in tests/fault.
GATE_PLAYED := tests/sim/played/gate.c $(wildcard tests/sim/gate*.c) \
	$(addprefix tests/sim/,certs.c sim.c) $(BASE_SRC) $(POLICY_SRC)

$(BUILD)/sim/gate-played: $(GATE_PLAYED:%.c=$(BUILD)/sim/o/%.o)
	$(call say,LINK)
	$(Q)$(LINK) -pie -o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

helpers: $(BUILD)/sim/contract $(BUILD)/sim/contract-played $(BUILD)/sim/gate-played

-include $(BUILD)/sim/o/tests/sim/played/gate.d
-include $(patsubst %.c,$(BUILD)/sim/o/%.d,$(CONTRACT_SRC) $(wildcard tests/sim/contract/stage_*.c))
