"""The settings of a campaign in words: what each does, in one line, and its unit."""

STRATEGIES = {
    "auto": "the workbench's own mix with control tiles; covers the pool while there is no model",
    "random": "at random",
    "stratified": "by lot, spread over spectra and predicted classes: the rival to beat",
    "kmeans": "by lot, spread over spectra",
    "entropy": "where the model is least sure",
    "margin": "where the model's two best classes are closest",
    "bald": "where members of the ensemble disagree",
    "clasp": "as published: class-balanced, near the decision",
    "power": "as published: drawn in proportion to the score",
    "coverage": "typical tiles of parts nobody has labelled",
    "disagree": "where the model contradicts another mask",
}
"""What each strategy chooses."""
LANES = {
    "active": "what the newest round picked",
    "rework": "rejected labels, for their authors",
    "control": "drawn by lot, to hold the active lane against",
    "reference": "the probability sample that models are judged by",
    "pick": "what leads sent here",
    "gold": "tiles whose label is known: they measure people",
    "second": "blind second labels, for agreement",
    "rereview": "labels that were doubted",
}
QUEUE = {
    "lease_minutes": ("a tile stays in somebody's hands so long without a sign of work", "minutes"),
    "idle_minutes": ("without activity for so long, the page shows the time left", "minutes"),
    "warn_minutes": ("so long before the lease ends, the page offers to extend it", "minutes"),
    "held": ("tiles that a person's page may fetch ahead", "tiles"),
    "unreviewed": (
        "of one person's labels may wait for review before new tiles stop; 0: no limit",
        "labels",
    ),
    "reworks_first": ("from so many waiting on, reworks go before everything; 0: never", "tiles"),
    "gold_first": ("a newcomer's first tiles come from the gold lane", "tiles"),
    "hard_share": (
        "share of a round's batch, its highest scores, that goes to proven people",
        "0…1",
    ),
    "hard_level": ("the level that counts as proven", "level"),
}
CHECKS = {
    "unlabelled_share": ("of the pixels with data may be left without a label", "0…1"),
    "sure_share": (
        "a class that the model is sure of, on so much of the tile, may not be missing",
        "0…1",
    ),
    "shadow_pixels": ("smaller shadows aren't asked for their cloud", "pixels"),
    "cloud_height": ("up to which a shadow's cloud is looked for", "metres"),
    "nodata_pixels": ("of cloud or shadow may lie where the tile has no data", "pixels"),
    "sliver_pixels": ("a smaller piece is a sliver", "pixels"),
    "slivers": ("that a label may have", "slivers"),
}
QUALITY = {
    "gold_share": ("share of a person's labels that are on gold tiles", "0…0.5"),
    "qualify_tiles": ("last gold tiles that must reach the bar on average", "tiles"),
    "qualify_score": ("the bar: mean F1 over those tiles", "0…1"),
    "qualify_named": ("share of the gold pixels that must carry a class", "0…1"),
    "qualified_level": ("that a qualified person is raised to", "level"),
    "gold_trust": ("an imported label of less trust can't be gold", "0…1"),
    "tolerance": ("that a border may be off without counting as wrong", "pixels"),
    "border": ("beside a border that are left out of agreement without borders", "pixels"),
    "drift_window": ("newest gold tiles held against the ones before", "tiles"),
    "drift_before": ("earlier gold tiles that drift takes at least", "tiles"),
    "drift_alpha": ("chance of a false alarm of drift at one look", "0…1"),
    "overlap_share": ("share of a round's active tiles that several people label blindly", "0…1"),
    "overlap_labels": ("people who label such a tile", "people"),
    "tie_limit": ("share of tied pixels above which a third person settles the tile", "0…1"),
    "plain_share": (
        "share of active tiles shown without their pre-label: the arm that hints are held against",
        "0…1",
    ),
}
PROMOTION = {
    "margin": ("that a candidate may lose in a class", "IoU"),
    "level": ("coverage of the interval whose lower end is held against the margin", "0.5…0.999"),
    "least_scenes": ("of validation that must hold a class", "scenes"),
    "reference_scenes": ("of the reference sample that must hold a class", "scenes"),
    "ece_tolerance": ("calibration error that a candidate may add", "0…1"),
    "ece_limit": ("largest calibration error of a first champion", "0…1"),
}
PICKING = {
    "control_share": ("share of a batch drawn by lot before anything else", "0…0.5"),
    "coverage_share": ("share that goes to parts of the pool nobody has labelled", "0…0.5"),
    "ramp_from": ("labelled tiles up to which uncertainty has no part", "tiles"),
    "ramp_over": ("further labelled tiles over which its share grows to the full one", "tiles"),
    "least_validation": ("mean IoU on validation below which uncertainty has no part", "0…1"),
    "season_floor": ("least share, of an even split, for each season of the pool", "0…1"),
    "place_floor": ("the same for each square of 100 km", "0…1"),
    "place_cap": ("most tiles of a square in a season and batch; 0: no cap", "tiles"),
    "skip_cap": ("times that a tile may be skipped before no round chooses it", "times"),
    "dispute_cap": ("times that its label may be rejected before no round chooses it", "times"),
    "restart": ("round that noise begins anew with, after a change of season or region", "round"),
    "worth_minutes": ("of labelling that a point (0.01) of mean IoU is worth", "minutes"),
}
