version_info: tuple[int, ...]
