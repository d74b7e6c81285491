"""Well-known networks for small images, built of ``fq_hw.nn.modules`` as anybody would."""
