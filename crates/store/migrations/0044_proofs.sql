-- What shows that the house itself erased: keyed hashes, which nobody makes without the root key (requirements E6, E7).
-- Of a conversation whose person was erased, over its id: without it nothing acts on `erased_at`.
ALTER TABLE conversations ADD COLUMN erasure TEXT;
-- Of a receipt, over what it says: without it nothing acts on the receipt.
ALTER TABLE erasures ADD COLUMN proof TEXT;
