"""What happened in a campaign, as figures and plots for those who look after it."""
