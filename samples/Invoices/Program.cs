using Invoices;
using KeycloakAccess;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.EntityFrameworkCore;

var builder = WebApplication.CreateBuilder(args);
builder.AddKeycloakAccess();
builder.Services.AddResource("invoice", "view", "approve");
builder.Services.AddSettings("ConnectionStrings", "Invoices");
builder.Services.AddDbContext<InvoiceContext>(options => options.UseSqlite(builder.Configuration.GetConnectionString("Invoices")));

await using var app = builder.Build();
app.UseKeycloakAccess();
app.MapKeycloakAccess();

const string page = "<!DOCTYPE html><title>Invoices</title><h1 style=\"color: teal\">Invoices</h1>";
app.MapGet("/", () => Results.Content(page, "text/html")).AllowAnonymous();
var invoices = app.MapGroup("/invoices").RequireBearer();
invoices.MapGet("", (InvoiceContext db, CancellationToken cancellationToken) =>
        db.Invoices.OrderBy(invoice => invoice.Id).ToListAsync(cancellationToken))
    .RequirePermission("invoice", "view");
invoices.MapPost("{id:int}/approve", ApproveAsync).RequirePermission("invoice", "approve");

await using (var scope = app.Services.CreateAsyncScope())
{
    await scope.ServiceProvider.GetRequiredService<InvoiceContext>().Database.EnsureCreatedAsync();
}

await app.RunAsync();

static async Task<IResult> ApproveAsync(
    int id, InvoiceContext db, Caller caller, ApplicationAuditLog audit, CancellationToken cancellationToken)
{
    if (await db.Invoices.FindAsync([id], cancellationToken) is not { } invoice)
    {
        return Results.NotFound();
    }

    invoice.ApprovedAt ??= DateTimeOffset.UtcNow;
    await db.SaveChangesAsync(cancellationToken);
    var after = new Dictionary<string, object?>(StringComparer.Ordinal) { ["approvedAt"] = invoice.ApprovedAt };
    await audit.RecordAsync(caller, new("invoice", $"{id}", "approve") { After = after }, cancellationToken);
    return Results.Ok(invoice);
}
