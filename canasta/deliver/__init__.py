"""Champion -> people: report, workbook, forecasts on record, the summary of a run."""
