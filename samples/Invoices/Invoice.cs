using Microsoft.EntityFrameworkCore;

namespace Invoices;

public sealed class Invoice
{
    public int Id { get; set; }

    public required string Customer { get; set; }

    public decimal Total { get; set; }

    public DateTimeOffset? ApprovedAt { get; set; }
}

internal sealed class InvoiceContext(DbContextOptions<InvoiceContext> options) : DbContext(options)
{
    public DbSet<Invoice> Invoices => Set<Invoice>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Invoice>().HasData(
        new Invoice { Id = 1, Customer = "Babbage & Sons", Total = 120 },
        new Invoice { Id = 2, Customer = "Analytical Engines", Total = 75.5m });
}
