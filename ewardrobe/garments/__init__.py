"""From detections to items: garments are cut, measured, repaired, compared and queued."""
