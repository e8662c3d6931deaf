//! Small worlds in virtual time.
