"""What every room stands on: labels, colours, arrays, pictures, files and the process."""
