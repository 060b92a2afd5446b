# The two targets of the Venus deployment guide, for those who have them in their fingers. All they
# do is call cargo.
BINARIES := venus-auth venus venus-gateway venus-wallet venus-messager venus-sealer venus-miner venus-cluster
CARGO ?= cargo

# The binaries, optimized, in bin/: there ./venus-auth is what the guide calls so.
all:
	$(CARGO) build --release --bins
	@target=$$($(CARGO) metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'); \
	mkdir -p bin && for binary in $(BINARIES); do ln -sf "$$target/release/$$binary" bin/; done

# What the build needs: says what is missing, and loads the crates.
deps:
	@command -v $(CARGO) > /dev/null || { echo 'no cargo: install Rust 1.94 or newer, https://rustup.rs' >&2; exit 1; }
	@command -v cc > /dev/null || { echo 'no C compiler: install gcc or clang' >&2; exit 1; }
	$(CARGO) fetch --locked

.PHONY: all deps
