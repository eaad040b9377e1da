namespace KeycloakRealm.Admin;

/// <summary>A method at an address; one of the roles of <c>realm-management</c> is enough.</summary>
internal sealed record AdminCall(string Method, IReadOnlyList<string> Roles, Func<AdminRequest, Task<AdminAnswer>> HandleAsync)
{
    public static AdminCall Get(Func<AdminRequest, AdminAnswer> handle, params string[] roles) => new("GET", roles, Wrap(handle));

    public static AdminCall Put(Func<AdminRequest, AdminAnswer> handle, params string[] roles) => new("PUT", roles, Wrap(handle));

    public static AdminCall Post(Func<AdminRequest, AdminAnswer> handle, params string[] roles) => new("POST", roles, Wrap(handle));

    public static AdminCall Post(Func<AdminRequest, Task<AdminAnswer>> handle, params string[] roles) => new("POST", roles, handle);

    public static AdminCall Delete(Func<AdminRequest, AdminAnswer> handle, params string[] roles) => new("DELETE", roles, Wrap(handle));

    public static AdminCall Delete(Func<AdminRequest, Task<AdminAnswer>> handle, params string[] roles) => new("DELETE", roles, handle);

    private static Func<AdminRequest, Task<AdminAnswer>> Wrap(Func<AdminRequest, AdminAnswer> handle) =>
        request => Task.FromResult(handle(request));
}
