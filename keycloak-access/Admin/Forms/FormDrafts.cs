using System.Text.Json;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.Forms;

/// <summary>
/// Keeps a form that was sent when its session had ended, so that its author finds it again after signing in; and what a page
/// has to say that is too long for a cookie. Only for somebody who has had a session here is anything kept, and only they get it
/// back. A form is still to be sent then: nothing is done with it before.
/// </summary>
internal sealed class FormDrafts(
    Database database,
    IDataProtectionProvider protection,
    IAntiforgery antiforgery,
    TimeProvider clock)
{
    public const string Parameter = "draft";

    private const int MostOfOne = 20;
    private const int LongestFields = 64 * 1024;

    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Admin.FormDrafts");

    public async Task<FormInput?> FindAsync(HttpContext context, KeycloakIdentity identity, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(context.Request.Query[Parameter], out var id))
        {
            return null;
        }

        const string sql = """
            SELECT fields
            FROM form_drafts
            WHERE id = @id AND issuer = @Issuer AND subject = @Subject AND path = @path AND saved_at >= @since
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var kept = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            sql,
            new { id, identity.Issuer, identity.Subject, path = context.Request.Path.Value, since = clock.GetUtcNow() - KeptFor },
            cancellationToken: cancellationToken));
        return kept is null || Read(kept) is not { } fields
            ? null
            : FormInput.Create(fields.Select(field => KeyValuePair.Create(field.Key, new StringValues(field.Value))))
                .Note("You have signed in again. This is what you had typed: look at it, and save it.");
    }

    /// <summary>Keeps a form that came without a session, if its author can be told from the cookie of the session that ended.</summary>
    public async Task<Guid?> KeepAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (await SessionHandler.FindFormerOwnerAsync(context, KeptFor) is not { } author
            || await FormBody.TryReadAsync(context.Request, cancellationToken) is not { } sent)
        {
            return null;
        }

        // The form's token was made for whoever was signed in. Nobody else leaves a form for them, whatever cookie they have.
        context.User = author;
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return null;
        }

        return await KeepAsync(
            (author.FindFirst("iss")!.Value, author.FindFirst("sub")!.Value),
            context.Request.Path.Value!,
            FormInput.Create(sent),
            cancellationToken);
    }

    /// <summary>Keeps a form that came in a session, before anything else has read it.</summary>
    public async Task<Guid?> KeepAsync(HttpContext context, KeycloakIdentity author, CancellationToken cancellationToken) =>
        await FormBody.TryReadAsync(context.Request, cancellationToken) is { } sent && await antiforgery.IsRequestValidAsync(context)
            ? await KeepAsync(author, context.Request.Path.Value!, FormInput.Create(sent), cancellationToken)
            : null;

    public Task<Guid?> KeepAsync(KeycloakIdentity author, string path, FormInput form, CancellationToken cancellationToken) =>
        KeepAsync((author.Issuer, author.Subject), path, form, cancellationToken);

    private async Task<Guid?> KeepAsync(
        (string Issuer, string Subject) author, string path, FormInput form, CancellationToken cancellationToken)
    {
        var fields = JsonSerializer.Serialize(
            form.Fields.ToDictionary(field => field.Key, field => field.Value.ToArray(), StringComparer.Ordinal));
        if (fields.Length > LongestFields)
        {
            return null;
        }

        // The oldest are deleted: whoever sends one form after the other needs the last of them.
        const string sql = """
            DELETE FROM form_drafts WHERE saved_at < @since;
            DELETE FROM form_drafts
            WHERE issuer = @Issuer AND subject = @Subject AND id NOT IN (
                SELECT id FROM form_drafts WHERE issuer = @Issuer AND subject = @Subject ORDER BY saved_at DESC LIMIT @most);
            INSERT INTO form_drafts (id, issuer, subject, path, fields, saved_at)
            VALUES (@id, @Issuer, @Subject, @path, @fields, @now)
            """;
        var now = clock.GetUtcNow();
        var id = Guid.NewGuid();
        await database.WriteAsync(
            sql,
            new
            {
                id,
                author.Issuer,
                author.Subject,
                path,
                fields = _protector.Protect(fields),
                now,
                since = now - KeptFor,
                most = MostOfOne - 1,
            },
            cancellationToken);
        return id;
    }

    private Dictionary<string, string[]>? Read(string kept)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string[]>>(_protector.Unprotect(kept));
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            // The keys have been changed since.
            return null;
        }
    }
}
