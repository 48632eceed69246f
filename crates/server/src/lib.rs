//! HTTP, pages, command line, jobs, configuration and wiring of ContactIQ.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
mod fetch;
pub mod guard;
mod hands;
pub mod jobs;
pub mod logging;
pub mod obedient;
mod patient;
pub mod privacy;
pub mod reading;
pub mod secrets;
pub mod serve;
pub mod tls;
pub mod web;
pub mod wiring;
