"""The hurdle mixture: fitted, calibrated, predicted with, and explained."""
