using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace KeycloakAccess.Accounts;

internal static class AccountEndpoints
{
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddModel("accounts", "Accounts", AccountPermissions.View, AccountPermissions.Change, AccountPermissions.Delete);
        services.AddSingleton<AccountStore>();
        services.AddSingleton<AccountCommands>();
        services.AddSingleton<AccountDeletion>();
        services.AddSingleton<AccountMove>();
        services.AddSingleton<AccountSearch>();
        services.AddSingleton<SessionCommands>();
        services.AddSettings<BreakGlassOptions>(BreakGlassOptions.Section);
        services.AddSingleton<BreakGlassLinks>();
        services.AddSingleton(provider => AccountStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/accounts").WithTags("Accounts");

        group.MapGet("/", ListAsync)
            .WithName("ListAccounts")
            .WithSummary("List people and service accounts, a page at a time.")
            .ListsPages<AccountResponse>("search", "kind", "enabled")
            .OneOf("kind", "person", "service")
            .RequirePermission(AccountPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetAccount")
            .WithSummary("Get one account.")
            .RequirePermission(AccountPermissions.View);
        group.MapPatch("/{id:guid}", ChangeAsync)
            .WithName("ChangeAccount")
            .WithSummary("Enable or disable an account, from its next request on.")
            .Changes<AccountResponse>()
            .AcceptsSuperuserSwitch()
            .RequirePermission(AccountPermissions.Change);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteAccount")
            .WithSummary("Delete an account, its names, its direct memberships and its sessions. What it did stays under its id.")
            .AnswersNoContent()
            .AcceptsSuperuserSwitch()
            .RequirePermission(AccountPermissions.Delete)
            .WithMetadata(new StepUpAsConfigured());

        return group;
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] AccountParameters query, AccountSearch search, CancellationToken cancellationToken)
    {
        if (query.Kind is not (null or "person" or "service"))
        {
            return QueryParameters.Mistake("kind", "kind must be person or service.");
        }

        if (query.Read(after => AccountSearch.ParseCursor(after, AccountSearch.ByUsername), out var page) is { } mistake)
        {
            return mistake;
        }

        var (accounts, next) = await search.ListAsync(
            new AccountQuery
            {
                Search = query.Search,
                Kind = query.Kind,
                Enabled = query.Enabled,
                Limit = page.Limit,
                After = page.After,
            },
            cancellationToken);
        return TypedResults.Ok(new Page<AccountResponse>([.. accounts.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<AccountResponse>, NotFound>> GetAsync(
        Guid id, AccountStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } account
            ? TypedResults.Ok(ToResponse(account))
            : TypedResults.NotFound();

    private static async Task<IResult> ChangeAsync(
        Guid id,
        AccountChange change,
        AccountCommands commands,
        ChangeAuthor author,
        HttpResponse response,
        CancellationToken cancellationToken) =>
        (await commands.SetEnabledAsync(id, change.Enabled, author, cancellationToken))
            .ToResult(response, account => TypedResults.Ok(ToResponse(account)));

    private static async Task<IResult> DeleteAsync(
        Guid id, AccountCommands commands, ChangeAuthor author, HttpResponse response, CancellationToken cancellationToken) =>
        (await commands.DeleteAsync(id, author, cancellationToken)).ToResult(response, _ => TypedResults.NoContent());

    public static AccountResponse ToResponse(Account account) => new()
    {
        Id = account.Id,
        Kind = account.Kind,
        Username = account.Username,
        Email = account.Email,
        Name = account.Name,
        Enabled = account.Enabled,
        DisabledBecause = account.DisabledBecause,
        Issuer = account.Issuer,
        Subject = account.Subject,
        CreatedAt = account.CreatedAt,
        LastSeenAt = account.LastSeenAt,
    };

    private sealed record AccountParameters : PageParameters
    {
        [FromQuery(Name = "search")]
        public string? Search { get; init; }

        [FromQuery(Name = "kind")]
        public string? Kind { get; init; }

        [FromQuery(Name = "enabled")]
        public bool? Enabled { get; init; }
    }
}
