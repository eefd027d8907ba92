"""Every API error in one shape: RFC 9457 problem details."""
