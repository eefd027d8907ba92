"""The pages about the model: its versions, their facts, which of them reads, where it is stopped."""
