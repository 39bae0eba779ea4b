//! The Node binding of [`webhook_core`] and [`webhook_dispatch`]: conversion and exports. Rules about webhooks live in the core.

// For plugin authors.
mod auth;
mod config;
mod json;
mod judge;
mod query;

// For the server.
mod body;
mod diagnosis;
mod dispatch;
mod endpoint;
mod head;
mod response;
mod upload;

// What the exports have in common.
mod arguments;
mod function;
mod outcome;
mod task;
