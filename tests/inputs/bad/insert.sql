INSERT INTO campaigns (id, name) VALUES
('1000248', 'Sale'),
('1000249', 'Sale 2');
