//! Gets messages on chain: chooses, estimates, numbers, signs, publishes and follows them.
