//! The crate from outside, against real TCP servers on loopback.

#[cfg(test)]
mod anthropic;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod embeddings;
#[cfg(test)]
mod hedge;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod moderation;
#[cfg(test)]
mod one_server;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod server;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod vector_store;
