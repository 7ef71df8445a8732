"""``python -m ewardrobe.feature_store``: the store's story on the wardrobe at hand."""

from ewardrobe.feature_store.store import FeatureStore


def main() -> None:
    """Tell the store's story on the wardrobe at hand: load it, show it, add a red t-shirt, save, show it again."""
    store = FeatureStore()
    store.ensure_samples()
    columns = ["type", "category", "colour", "pattern", "material"]
    print(f"{store.path}\n{store.load()[columns].to_string()}\n")
    item_id = store.add({"type": "t-shirt", "colour": "red", "pattern": "solid", "material": "cotton"})
    print(f"added a red t-shirt ({item_id}), saved\n{store.load()[columns].to_string()}")


if __name__ == "__main__":
    main()
