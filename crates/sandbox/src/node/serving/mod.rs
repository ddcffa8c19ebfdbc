//! How the node is reached: sockets, endpoints, what every request passes, and the faults that strike it.

pub(crate) mod connections;
pub(crate) mod endpoint;
pub(crate) mod endpoints;
pub(crate) mod fault_handle;
pub(crate) mod faults;
pub(crate) mod gate;
