"""Live try-on: what the models saw of a frame, garments fitted to it, and the picture composed at the camera's pace.

Frames are RGB uint8 (H, W, 3).  Points are xy in frame pixels, soft masks float32 0..1 at processing size: the frame
reduced to some 256 pixels on its long side.  Nothing here knows Streamlit or WebRTC.
"""
