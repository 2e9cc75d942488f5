"""Tags brought into step with what was read: only what changed, or everything where the rules changed."""
